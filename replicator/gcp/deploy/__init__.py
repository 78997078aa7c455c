"""Deployments: reading what is there through Google's clients, and changing it."""
