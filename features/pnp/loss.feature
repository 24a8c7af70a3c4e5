Feature: PnP where packets are lost, doubled or broken

  @FIP-PNP-040 @must @grade-A @needs-pnp
  Scenario: A NOTIFY that was lost is sent again
    RFC 3261 §17.1.2.2: "If an unreliable transport is in use, the client transaction MUST set timer E to fire in T1 seconds."
    When a phone subscribes, and the first NOTIFY is lost
    Then the NOTIFY comes again

  @FIP-PNP-041 @should @grade-A @needs-pnp
  Scenario: A NOTIFY that is sent again because its answer was lost is the same
    RFC 3261 §17.1.2.2: what is sent again is the request of the same transaction, not a further one
    When a phone subscribes, and its first answer is lost
    Then it comes as it was

  @FIP-PNP-042 @should @grade-A @needs-pnp
  Scenario: A NOTIFY that was answered is not sent again
    RFC 3261 §17.1.2.2: a final response ends the sending
    When a phone subscribes
    Then the NOTIFY that was answered does not come again

  @FIP-PNP-043 @must @grade-A @needs-pnp
  Scenario: A SUBSCRIBE whose answer was lost is answered when it comes again
    RFC 3261 §17.2.2: "the server transaction MUST pass the final response to the transport layer for retransmission whenever a retransmission of the request is received"
    When a phone subscribes, and the first answer is lost
    Then the SUBSCRIBE is accepted

  @FIP-PNP-044 @should @grade-A @needs-pnp
  Scenario: A SUBSCRIBE that comes twice makes one dialog
    RFC 3261 §17.2.2: what is sent again is the response that was sent before
    When a phone subscribes, and its SUBSCRIBE arrives twice
    Then both answers carry the same tag

  @FIP-PNP-045 @must @grade-A @needs-pnp
  Scenario: A SUBSCRIBE that comes twice does no harm
    RFC 3261 §17.2.2: a request that comes again is no further request
    When a phone subscribes, and its SUBSCRIBE arrives twice
    Then the phone is told a URL all the same

  @FIP-PNP-046 @should @grade-A @needs-pnp @first
  Scenario: Many phones that subscribe at once are all told
    Guide, "Plug and Play (PnP) Server": "The PNP feature is enabled by default."
    After a power cut that is all phones at the same moment.
    When many phones subscribe at once
    Then each of them is told a URL

  @FIP-PNP-047 @may @grade-A @needs-pnp @needs-intrusive
  Scenario: A SUBSCRIBE to an event that the server does not have is refused with 489
    RFC 6665 §4.2.1: a notifier answers 489 (Bad Event) where it does not know the event package
    When a phone subscribes to an event that no server has
    Then the answer is 489

  @FIP-PNP-048 @must @grade-B @needs-pnp @needs-intrusive @last
  Scenario: After messages that are not SIP a phone is told its URL as before
    RFC 4475, "Session Initiation Protocol (SIP) Torture Test Messages"
    Given the server got messages that are not SIP
    When a phone subscribes again
    Then the phone is told a URL all the same
