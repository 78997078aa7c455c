"""From a pipeline to a plan: what it will own, which statement each stage sends, what is refused. Pure."""
