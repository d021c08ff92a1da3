"""The whole grid, from outside: what a target sees while everything of ours is killed."""
