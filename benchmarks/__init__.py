"""Measurements that anyone can repeat. Each prints one JSON object as its last line."""
