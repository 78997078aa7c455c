"""The demo's world: what three countries' exports hold, and what the target must hold for it."""
