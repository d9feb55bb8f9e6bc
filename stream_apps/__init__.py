"""The workers on Kafka: router and gatekeeper as Faust apps, the resumer as a process of its own."""
