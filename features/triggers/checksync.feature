Feature: The NOTIFY that makes a phone provision

  @FIP-TRIG-010 @must @grade-A @needs-checksync
  Scenario: A NOTIFY reaches the phone
    Guide, "SIP NOTIFY Message": "The IP phone will perform auto provisioning when receiving a SIP NOTIFY message which contains the header "Event: check-sync"."
    When a server notifies a phone
    Then a NOTIFY reaches the phone

  @FIP-TRIG-011 @must @grade-A @needs-checksync
  Scenario: Its event is check-sync
    Guide, "SIP NOTIFY Message": "The IP phone will perform auto provisioning when receiving a SIP NOTIFY message which contains the header "Event: check-sync"."
    When a server notifies a phone
    Then its event is check-sync

  @FIP-TRIG-012 @must @grade-A @needs-checksync @needs-publish @each-protocol
  Scenario: A phone that was notified holds what was published before
    Guide, "SIP NOTIFY Message": "The IP phone will perform auto provisioning when receiving a SIP NOTIFY message which contains the header "Event: check-sync"."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-old  |
    And the phone is living, and hears SIP
    When the server publishes instead
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-new  |
    And the server notifies it
    Then the notified phone holds "lang.gui" as "<canary>-new" and not as "<canary>-old"

  @FIP-TRIG-013 @must @grade-A @needs-checksync
  Scenario: A phone that is to reboot is told so
    Guide, "SIP NOTIFY Message": "If the header of the SIP NOTIFY message contains this string " reboot=true " , the IP phone will reboot immediately."
    Given a phone that hears SIP
    When the server notifies it to reboot
    Then the phone reboots

  @FIP-TRIG-014 @must @grade-A @needs-checksync
  Scenario: A phone that is only to provision does not reboot
    Guide, "SIP NOTIFY Message": "Whether the IP phone reboots or not depends on the value of the parameter "reboot = true"."
    A reboot ends the calls of whoever is talking.
    When a server notifies a phone
    Then the phone does not reboot

  @FIP-TRIG-015 @must @grade-A @needs-checksync
  Scenario: A NOTIFY that was lost is sent again
    RFC 3261 §17.1.2.2: "If an unreliable transport is in use, the client transaction MUST set timer E to fire in T1 seconds."
    Given a phone that hears SIP
    When the server notifies it, and the first NOTIFY is lost
    Then the NOTIFY that was lost comes again

  @FIP-TRIG-016 @should @grade-A @needs-checksync
  Scenario: A NOTIFY that is sent again because its answer was lost is the same
    RFC 3261 §17.1.2.2: what is sent again is the request of the same transaction, not a further one
    A phone would provision twice.
    Given a phone that hears SIP
    When the server notifies it, and the first answer is lost
    Then the NOTIFY comes again as it was

  @FIP-TRIG-017 @should @grade-A @needs-checksync
  Scenario: A NOTIFY that was answered is not sent again
    RFC 3261 §17.1.2.2: a final response ends the sending
    When a server notifies a phone
    Then it comes only once

  @FIP-TRIG-018 @should @grade-A @needs-checksync
  Scenario: The NOTIFY has all that a request must have
    RFC 3261 §8.1.1: "A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header fields: To, From, CSeq, Call-ID, Max-Forwards, and Via"
    When a server notifies a phone
    Then it has all that a request must have

  @FIP-TRIG-019 @should @grade-A @needs-checksync
  Scenario: The NOTIFY is framed as SIP is
    RFC 3261 §7: "The start-line, each message-header line, and the empty line MUST be terminated by a carriage-return line-feed sequence (CRLF)."
    When a server notifies a phone
    Then it is framed as SIP is

  @FIP-TRIG-020 @must @grade-A @needs-checksync @needs-pnp @needs-announce @needs-publish
  Scenario: A phone that a NOTIFY reboots is told of its server anew
    Guide, "SIP NOTIFY Message": "If the header of the SIP NOTIFY message contains this string " reboot=true " , the IP phone will reboot immediately."
    Given the server publishes
      | file          | content               |
      | old/<mac>.cfg | lang.gui=<canary>-old |
      | new/<mac>.cfg | lang.gui=<canary>     |
    And the server tells the phone "<base>old/" from now on
    And the phone is living, hears SIP, and has found its server by PnP
    When the server tells the phone "<base>new/" from now on
    And the server notifies it to reboot
    Then the rebooted phone is provisioned from there

  @FIP-TRIG-021 @must @grade-A @needs-checksync @needs-phones @needs-change @each-protocol
  Scenario: A phone of the server's own that was notified of a change holds it
    Guide, "SIP NOTIFY Message": "The IP phone will perform auto provisioning when receiving a SIP NOTIFY message which contains the header "Event: check-sync"."
    Given a phone that the server knows is living, and hears SIP
    When the server changes its settings
    And the server notifies it
    Then it holds what is expected of it now
