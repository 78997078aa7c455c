"""The Workflows and the Workflow Executions APIs; an execution runs in a process of its own."""
