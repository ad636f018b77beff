"""The messages of Envoy's ext_authz that we read and write, on the wire the same as Envoy's own.

Envoy's check carries 40 fields; these are the ones a decision needs, under their own field numbers, and what is not
named here is skipped when read, as protobuf promises. They stand here because the compiled set of all Envoy messages
(xds-protos) overwrites files of opentelemetry-proto. Source: envoyproxy/envoy, api/envoy/service/auth/v3/
external_auth.proto and attribute_context.proto; api/envoy/config/core/v3/base.proto; google/rpc/status.proto.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "stillwatch.ext_authz"
METHOD = ("envoy.service.auth.v3.Authorization", "Check")

# message -> its fields: name, number, type, and whether it repeats
_MESSAGES: dict[str, list[tuple[str, int, str, bool]]] = {
    "CheckRequest": [("attributes", 1, "AttributeContext", False)],
    "AttributeContext": [("request", 4, "Request", False)],
    "Request": [("http", 2, "HttpRequest", False)],
    "HttpRequest": [
        ("headers", 3, "Header", True),
        ("path", 4, "string", False),
        ("body", 11, "string", False),
        ("raw_body", 12, "bytes", False),
    ],
    "Header": [("key", 1, "string", False), ("value", 2, "string", False)],
    "CheckResponse": [
        ("status", 1, "Status", False),
        ("denied_response", 2, "DeniedHttpResponse", False),
        ("ok_response", 3, "OkHttpResponse", False),
    ],
    "Status": [("code", 1, "int32", False)],
    "OkHttpResponse": [("headers", 2, "HeaderValueOption", True)],
    "DeniedHttpResponse": [
        ("status", 1, "HttpStatus", False),
        ("headers", 2, "HeaderValueOption", True),
        ("body", 3, "string", False),
    ],
    "HttpStatus": [("code", 1, "int32", False)],
    "HeaderValueOption": [("header", 1, "Header", False)],
}
_SCALARS = {"string": Field.TYPE_STRING, "bytes": Field.TYPE_BYTES, "int32": Field.TYPE_INT32}


def _declared() -> DescriptorPool:
    file = FileDescriptorProto(name="stillwatch/ext_authz.proto", package=PACKAGE, syntax="proto3")
    for message, fields in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for name, number, kind, repeats in fields:
            label = Field.LABEL_REPEATED if repeats else Field.LABEL_OPTIONAL
            field = declared.field.add(name=name, number=number, label=label)
            if kind in _SCALARS:
                field.type = _SCALARS[kind]
            else:
                field.type, field.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    pool = DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _declared()


def _message(name: str) -> Any:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


CheckRequest = _message("CheckRequest")
CheckResponse = _message("CheckResponse")
DeniedHttpResponse = _message("DeniedHttpResponse")
Header = _message("Header")
HeaderValueOption = _message("HeaderValueOption")
HttpStatus = _message("HttpStatus")
OkHttpResponse = _message("OkHttpResponse")
Status = _message("Status")
