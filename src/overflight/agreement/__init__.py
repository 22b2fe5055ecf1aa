"""What was agreed: parties and rules as typed data, read from TOML; whose an aircraft is; logs of calls and notices."""
