"""The wire formats, pure: functions and small state machines over bytes, without a socket or a file."""
