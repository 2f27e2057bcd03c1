"""How SMS leave: one gateway a file, each a ``core.ports.SmsGateway``."""
