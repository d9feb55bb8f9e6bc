"""What docker-compose.yml runs once, before its workers: passwords, Kafka's users, the store's logins."""
