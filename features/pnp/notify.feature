Feature: The NOTIFY that tells a phone its URL

  @FIP-PNP-020 @must @grade-A @needs-pnp
  Scenario: The NOTIFY carries the Call-ID of the SUBSCRIBE
    RFC 3261 §12.2.1.1: "The Call-ID of the request MUST be set to the Call-ID of the dialog."
    When a phone subscribes
    Then the NOTIFY carries the Call-ID of the SUBSCRIBE

  @FIP-PNP-021 @must @grade-A @needs-pnp
  Scenario: The NOTIFY carries no other tag in To than the phone's
    RFC 3261 §12.2.1.1: "The tag in the To header field of the request MUST be set to the remote tag of the dialog ID."
    When a phone subscribes
    Then the NOTIFY carries no other tag in To than the phone's

  @FIP-PNP-022 @should @grade-A @needs-pnp
  Scenario: The NOTIFY carries in From the tag that the server gave itself
    RFC 3261 §12.2.1.1: "The tag in the From header field of the request MUST be set to the local tag of the dialog ID."
    When a phone subscribes
    Then the NOTIFY carries in From the tag that the server gave itself

  @FIP-PNP-023 @should @grade-A @needs-pnp
  Scenario: From and To of the NOTIFY are those of the server and of the phone
    RFC 3261 §12.2.1.1: "The URI in the To field of the request MUST be set to the remote URI from the dialog state."
    Servers that send both back as the phone sent them are in use; not every phone takes it.
    When a phone subscribes
    Then From and To of the NOTIFY are those of the server and of the phone

  @FIP-PNP-024 @should @grade-A @needs-pnp
  Scenario: The NOTIFY has a Via of the server's own
    RFC 3261 §8.1.1.7: "The branch parameter value MUST be unique across space and time for all requests sent by the UA."
    Servers that send the phone's own Via back are in use; a phone that answers by Via answers itself.
    When a phone subscribes
    Then the NOTIFY has a Via of the server's own

  @FIP-PNP-025 @should @grade-A @needs-pnp
  Scenario: The NOTIFY is addressed to the phone's Contact
    RFC 3261 §12.2.1.1: "If the route set is empty, the UAC MUST place the remote target URI into the Request-URI."
    When a phone subscribes
    Then the NOTIFY is addressed to the phone's Contact

  @FIP-PNP-026 @must @grade-A @needs-pnp
  Scenario: The NOTIFY has a CSeq of its own
    RFC 3261 §8.1.1.5: "The method MUST match that of the request."
    When a phone subscribes
    Then the NOTIFY has a CSeq of its own

  @FIP-PNP-027 @should @grade-A @needs-pnp
  Scenario: The NOTIFY has Max-Forwards
    RFC 3261 §8.1.1.6: "A UAC MUST insert a Max-Forwards header field into each request it originates with a value that SHOULD be 70."
    When a phone subscribes
    Then the NOTIFY has Max-Forwards

  @FIP-PNP-028 @should @grade-A @needs-pnp
  Scenario: The NOTIFY has a Contact
    RFC 3265 §7.1: the table of header fields has Contact as mandatory in NOTIFY
    When a phone subscribes
    Then the NOTIFY has a Contact

  @FIP-PNP-029 @must @grade-A @needs-pnp
  Scenario: The NOTIFY is of the event that was subscribed to
    RFC 6665 §3.2.1: the Event of a NOTIFY matches that of the SUBSCRIBE, here ua-profile
    When a phone subscribes
    Then the NOTIFY is of the event that was subscribed to

  @FIP-PNP-030 @must @grade-A @needs-pnp
  Scenario: The NOTIFY has a Subscription-State
    RFC 6665 §4.2.2: "NOTIFY requests MUST contain a "Subscription-State" header field with a value of "active", "pending", or "terminated"."
    When a phone subscribes
    Then the NOTIFY has a Subscription-State

  @FIP-PNP-031 @should @grade-A @needs-pnp
  Scenario: The NOTIFY ends the subscription
    RFC 6665 §4.4.3: a SUBSCRIBE that asks for 0 seconds polls; the NOTIFY that it brings says terminated
    When a phone subscribes
    Then the NOTIFY ends the subscription

  @FIP-PNP-032 @must @grade-A @needs-pnp
  Scenario: The NOTIFY has the type that the phone accepts
    RFC 3261 §20.15: "The Content-Type header field MUST be present if the body is not empty."
    The phone's SUBSCRIBE accepts application/url.
    When a phone subscribes
    Then the NOTIFY has the type that the phone accepts

  @FIP-PNP-033 @must @grade-A @needs-pnp
  Scenario: Content-Length is the length of the body
    RFC 3261 §18.3: "If the transport packet ends before the end of the message body, this is considered an error."
    When a phone subscribes
    Then Content-Length is right

  @FIP-PNP-034 @should @grade-A @needs-pnp
  Scenario: All lines of a head end with CR LF
    RFC 3261 §7: "The start-line, each message-header line, and the empty line MUST be terminated by a carriage-return line-feed sequence (CRLF)."
    When a phone subscribes
    Then all lines end with CR LF

  @FIP-PNP-035 @must @grade-A @needs-pnp
  Scenario: An empty line stands between head and body
    RFC 3261 §7: "Note that the empty line MUST be present even if the message-body is not."
    When a phone subscribes
    Then an empty line ends each head

  @FIP-PNP-036 @should @grade-A @needs-pnp
  Scenario: The NOTIFY has a tag in To
    RFC 3261 §12.2.1.1: "The tag in the To header field of the request MUST be set to the remote tag of the dialog ID."
    Servers that send it outside of the dialog are in use; phones are known to take it.
    When a phone subscribes
    Then the NOTIFY has a tag in To
