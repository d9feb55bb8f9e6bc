"""What operators see of a worker over HTTP: /metrics, /healthz and /readyz."""
