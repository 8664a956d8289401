"""Queues of work: what any engine tells of one, and the engines that read them."""
