"""Floor 0: records, actions, faults, protocols, configuration, content keys. Nothing here does I/O but YAML."""
