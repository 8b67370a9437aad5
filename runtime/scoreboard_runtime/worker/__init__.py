"""The worker: jobs from the queue, one transaction a batch, changes to the other roles."""
