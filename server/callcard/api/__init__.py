"""The JSON API: endpoints, schemas, authentication, OpenAPI."""
