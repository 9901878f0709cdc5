"""Every code that an error answer can carry: what it means and what to do. The `type` of an answer leads here."""

from http import HTTPStatus

from pydantic import BaseModel, Field

_TABLE: tuple[tuple[str, HTTPStatus, str, str], ...] = (
    (
        "bad_request",
        HTTPStatus.BAD_REQUEST,
        "What came is no HTTP request, or its body can't be decoded.",
        "Send UTF-8 JSON, nested less deeply.",
    ),
    ("malformed_json", HTTPStatus.BAD_REQUEST, "The body is no JSON.", "The detail says where it breaks off."),
    (
        "header_invalid",
        HTTPStatus.BAD_REQUEST,
        "A header has a value that can't be meant.",
        "Correct the header that `field` names.",
    ),
    (
        "idempotency_key_missing",
        HTTPStatus.BAD_REQUEST,
        "A change came without Idempotency-Key.",
        "Send a key of your own with each request, the same one when you repeat it.",
    ),
    (
        "idempotency_key_invalid",
        HTTPStatus.BAD_REQUEST,
        "The Idempotency-Key is empty or too long.",
        "Use 1 to 255 characters, such as a UUID.",
    ),
    (
        "unauthorized",
        HTTPStatus.UNAUTHORIZED,
        "The token is missing, false, expired or revoked.",
        "Send a good one: Authorization: Bearer …",
    ),
    (
        "not_allowed",
        HTTPStatus.FORBIDDEN,
        "The token is good, but not for this venue or this action.",
        "Ask for a token with the scope or venue that the detail names.",
    ),
    ("not_found", HTTPStatus.NOT_FOUND, "There is nothing at this address.", "Compare it with /openapi.json."),
    (
        "order_not_found",
        HTTPStatus.NOT_FOUND,
        "There is no such order at this venue.",
        "Take the order_id and the venue from the answer that placed it.",
    ),
    (
        "item_not_found",
        HTTPStatus.NOT_FOUND,
        "The order has no such line.",
        "Read the order: its items are keyed by line_id.",
    ),
    (
        "method_not_allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This address takes another method.",
        "The Allow header says which.",
    ),
    (
        "body_too_slow",
        HTTPStatus.REQUEST_TIMEOUT,
        "The body did not arrive in time.",
        "Nothing was done: send it again, with the same Idempotency-Key.",
    ),
    (
        "transition_not_allowed",
        HTTPStatus.CONFLICT,
        "The order is in a state that does not allow this.",
        "Read the order again and decide anew.",
    ),
    ("order_exists", HTTPStatus.CONFLICT, "Another request has placed this order.", "Read it instead."),
    (
        "station_not_found",
        HTTPStatus.NOT_FOUND,
        "The order has no line for this station.",
        "Read the order: each item names its station.",
    ),
    (
        "line_exists",
        HTTPStatus.CONFLICT,
        "The order has a line of this line_id already.",
        "Change that line, or add another.",
    ),
    (
        "too_many_lines",
        HTTPStatus.CONFLICT,
        "The order would have more lines than one may have.",
        "Place a second order.",
    ),
    (
        "totals_missing",
        HTTPStatus.CONFLICT,
        "The order has no stated totals, so nobody knows what is to be paid.",
        "State the totals first.",
    ),
    ("overpaid", HTTPStatus.CONFLICT, "More would be taken than the order costs.", "Take what is left to pay."),
    (
        "over_refunded",
        HTTPStatus.CONFLICT,
        "More would be given back than was taken.",
        "Give back what is left of it.",
    ),
    (
        "guest_erased",
        HTTPStatus.CONFLICT,
        "The order's guest was erased, for good.",
        "Say it without name, notes and allergens; to erase a guest once is enough.",
    ),
    (
        "currency_mismatch",
        HTTPStatus.CONFLICT,
        "The amount is in another currency than the order.",
        "State it in the order's currency.",
    ),
    (
        "version_mismatch",
        HTTPStatus.PRECONDITION_FAILED,
        "The order has changed since the version that If-Match names.",
        "Read it again and decide anew.",
    ),
    (
        "body_too_large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is over the limit.",
        "Send fewer lines or shorter texts.",
    ),
    (
        "invalid_request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A field is missing, unknown, or has a value that it can't have.",
        "Correct the field that `field` names.",
    ),
    (
        "business_date_out_of_range",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The order's business day is too far away.",
        "Orders older than 48 hours go in by import.",
    ),
    (
        "batch_too_large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The batch has more events than one may have.",
        "Send them in several batches.",
    ),
    (
        "not_sent_as_json",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The Content-Type says that the body is something else than JSON.",
        "Send Content-Type: application/json.",
    ),
    (
        "not_a_cloudevent",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The request is a CloudEvent in none of the three modes.",
        "Send ce- headers, or application/cloudevents+json, or application/cloudevents-batch+json.",
    ),
    (
        "event_invalid",
        HTTPStatus.BAD_REQUEST,
        "An attribute of the CloudEvent is missing or has a value that it can't have.",
        "Correct the attribute that `field` names.",
    ),
    (
        "event_type_unknown",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "No command has the name that the event's type is.",
        "The types are listed in docs/ways-in.md.",
    ),
    (
        "pos_not_set_up",
        HTTPStatus.NOT_FOUND,
        "This POS is not set up for this venue.",
        "Set it up in the configuration.",
    ),
    (
        "signature_invalid",
        HTTPStatus.FORBIDDEN,
        "The delivery is not signed with the key that was agreed.",
        "Compare the signature key and the notification address on both sides.",
    ),
    (
        "pos_unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The POS could not be asked for the order.",
        "Deliver it again later; nothing was lost.",
    ),
    (
        "scheduled_for_out_of_range",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The time that the order is scheduled for is past or too far ahead.",
        "The detail says from when to when it can be.",
    ),
    (
        "idempotency_key_reused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This Idempotency-Key came before with another body.",
        "Send a new key with a new request.",
    ),
    (
        "precondition_required",
        HTTPStatus.PRECONDITION_REQUIRED,
        "This overwrites what others may have changed, and does not say which version it saw.",
        'Send If-Match with the ETag that you saw, such as "v7", or * for any.',
    ),
    (
        "rate_limited",
        HTTPStatus.TOO_MANY_REQUESTS,
        "This token asks too often.",
        "Wait for as long as Retry-After says. Nothing was done.",
    ),
    (
        "headers_too_large",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers are too many or too long.",
        "Send fewer.",
    ),
    (
        "internal",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "A fault of this service; it is in its logs.",
        "Send it again with the same Idempotency-Key.",
    ),
    (
        "order_links_not_set_up",
        HTTPStatus.NOT_IMPLEMENTED,
        "Diners' links need a key of their own, and none is set.",
        "Set ORDER_LINK_SECRET, the same on order-api and the notifier.",
    ),
    (
        "images_not_set_up",
        HTTPStatus.NOT_IMPLEMENTED,
        "Pictures of items need a bucket, and none is set.",
        "Set IMAGES_BUCKET, IMAGES_REGION and IMAGES_URL on order-api.",
    ),
    (
        "try_again",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The log did not answer in time, or this replica is not ready.",
        "Send it again with the same Idempotency-Key after Retry-After: it is done once at most.",
    ),
)


class ProblemMeaning(BaseModel):
    """What one code stands for."""

    type: str = Field(examples=["/problems/order_not_found"])
    code: str = Field(description="stable, for programs")
    status: int
    title: str
    meaning: str
    remedy: str


PROBLEMS = {
    code: ProblemMeaning(
        type=f"/problems/{code}",
        code=code,
        status=status.value,
        title=status.phrase,
        meaning=meaning,
        remedy=remedy,
    )
    for code, status, meaning, remedy in _TABLE
}
