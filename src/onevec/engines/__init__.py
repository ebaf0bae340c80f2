"""Engines that run a model on this machine, one module an engine."""
