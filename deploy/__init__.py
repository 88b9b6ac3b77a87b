"""Runs the servers that Penstock needs: `deploy.stack` starts them locally; the other folders contain manifests."""
