"""How Penstock's surroundings are run: `deploy.stack` starts the servers, the other folders hold manifests."""
