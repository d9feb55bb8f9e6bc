"""The resumer: claims runs whose gate has closed, and resumes them once and as approved (docs/resumer.md)."""
