"""The OpenSocial gadget container and its proxy."""
