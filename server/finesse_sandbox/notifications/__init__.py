"""The notification service: publish-subscribe nodes and the XMPP that carries them."""
