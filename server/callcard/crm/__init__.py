"""Contact sources: CRMs and directories. README.md says how to add one."""
