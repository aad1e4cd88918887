"""What tests have in common: sandbox, service, desktops, browser."""
