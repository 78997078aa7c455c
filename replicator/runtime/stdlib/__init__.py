"""The functions that a workflow may call without declaring them."""
