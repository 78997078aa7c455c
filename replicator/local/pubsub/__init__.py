"""Pub/Sub, as much as events need it: topics, messages, and subscriptions that are pulled."""
