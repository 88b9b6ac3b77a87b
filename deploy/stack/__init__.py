"""Kafka, Cassandra, S3 and toxiproxy as plain processes of this machine, for development, tests and measurements."""
