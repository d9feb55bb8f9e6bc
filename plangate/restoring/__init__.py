"""What Kafka still knows of what a restored store lost."""
