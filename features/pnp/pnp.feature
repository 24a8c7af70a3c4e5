Feature: The server tells a phone its URL by SIP PnP

  @FIP-PNP-001 @must @grade-A @needs-pnp
  Scenario: A phone that subscribes is sent a NOTIFY
    Guide, "Plug and Play (PnP) Server": "The phone sends the PnP SUBSCRIBE message to the broadcast address 224.0.1.75 to obtain the provisioning server address during startup."
    When a phone subscribes
    Then a NOTIFY comes

  @FIP-PNP-002 @must @grade-A @needs-pnp
  Scenario: A SUBSCRIBE is accepted
    RFC 6665 §4.2.1: a notifier answers a SUBSCRIBE that it accepts with 200, before it sends the state
    Without it the phone sends its SUBSCRIBE again and again.
    When a phone subscribes
    Then the SUBSCRIBE is accepted

  @FIP-PNP-003 @must @grade-A @needs-pnp
  Scenario: The NOTIFY has a URL in its body
    Guide, "Plug and Play (PnP) Server": "The following figure indicates the phone obtain the provision server's address from the NOTIFY message from the PNP server."
    When a phone subscribes
    Then the NOTIFY tells a URL

  @FIP-PNP-004 @must @grade-A @needs-pnp
  Scenario: The URL is one that a phone can use
    Guide, "Introduction": "Flyingvoice phones support FTP, TFTP, HTTP, and HTTPS protocols for auto provisioning."
    When a phone subscribes
    Then the phone can use that URL

  @FIP-PNP-005 @must @grade-B @needs-pnp
  Scenario: The NOTIFY tells one URL and not several
    Guide, "Plug and Play (PnP) Server": "The following figure indicates the phone obtain the provision server's address from the NOTIFY message from the PNP server."
    When a phone subscribes
    Then the NOTIFY tells one URL

  @FIP-PNP-006 @may @grade-C @needs-pnp
  Scenario: Nothing stands around the URL
    Guide, "Plug and Play (PnP) Server": "The following figure indicates the phone obtain the provision server's address from the NOTIFY message from the PNP server."
    A line end or a NUL at its end is no part of a URL; phones are known to cut them.
    When a phone subscribes
    Then there is nothing around that URL

  @FIP-PNP-007 @must @grade-A @needs-pnp
  Scenario: What the server sends is SIP
    RFC 3261 §7: "SIP messages are either requests from a client to a server, or responses from a server to a client"
    When a phone subscribes
    Then all that comes is SIP
