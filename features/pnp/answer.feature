Feature: The answer to a phone's SUBSCRIBE

  @FIP-PNP-010 @must @grade-A @needs-pnp
  Scenario: The answer carries the Via of the SUBSCRIBE
    RFC 3261 §8.2.6.2: "The Via header field values in the response MUST equal the Via header field values in the request"
    When a phone subscribes
    Then the answer carries the Via of the SUBSCRIBE

  @FIP-PNP-011 @must @grade-A @needs-pnp
  Scenario: The answer carries the From of the SUBSCRIBE
    RFC 3261 §8.2.6.2: "The From field of the response MUST equal the From header field of the request."
    When a phone subscribes
    Then the answer carries the From of the SUBSCRIBE

  @FIP-PNP-012 @must @grade-A @needs-pnp
  Scenario: The answer carries the Call-ID of the SUBSCRIBE
    RFC 3261 §8.2.6.2: "The Call-ID header field of the response MUST equal the Call-ID header field of the request."
    When a phone subscribes
    Then the answer carries the Call-ID of the SUBSCRIBE

  @FIP-PNP-013 @must @grade-A @needs-pnp
  Scenario: The answer carries the CSeq of the SUBSCRIBE
    RFC 3261 §8.2.6.2: "The CSeq header field of the response MUST equal the CSeq field of the request."
    When a phone subscribes
    Then the answer carries the CSeq of the SUBSCRIBE

  @FIP-PNP-014 @must @grade-A @needs-pnp
  Scenario: The answer has a tag in To
    RFC 3261 §8.2.6.2: "the UAS MUST add a tag to the To header field in the response"
    When a phone subscribes
    Then the answer has a tag in To

  @FIP-PNP-015 @should @grade-A @needs-pnp
  Scenario: The answer has a Contact
    RFC 3261 §12.1.1: "The UAS MUST add a Contact header field to the response."
    When a phone subscribes
    Then the answer has a Contact

  @FIP-PNP-016 @should @grade-A @needs-pnp
  Scenario: The answer says for how long, and no longer than was asked for
    RFC 6665 §4.2.1: the 200 to a SUBSCRIBE has an Expires, which may be shorter than what was asked for and never longer
    The phone asks for 0 seconds: one answer, and no subscription that stays.
    When a phone subscribes
    Then the answer has an Expires that is no longer than was asked for

  @FIP-PNP-017 @may @grade-A @needs-pnp
  Scenario: The answer is 200 and not 202
    RFC 6665 §8.3.1: the use of 202 for SUBSCRIBE is deprecated
    When a phone subscribes
    Then the answer is 200
