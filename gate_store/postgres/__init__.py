"""PostgreSQL by URL: one address, one way to connect for each client, and what a database must be like."""
