Feature: Leases

  @FIP-DHCP-020 @must @grade-A @needs-dhcp
  Scenario: A phone whose OFFER was lost is offered an address when it asks again
    RFC 2131 §4.1: "DHCP clients are responsible for all message retransmission."
    When a phone asks for an address, and the first OFFER is lost
    Then it is given one all the same

  @FIP-DHCP-021 @must @grade-A @needs-dhcp
  Scenario: A phone whose ACK was lost is given its address when it asks again
    RFC 2131 §4.1: "DHCP clients are responsible for all message retransmission."
    When a phone asks for an address, and the first ACK is lost
    Then it is given one all the same

  @FIP-DHCP-022 @must @grade-A @needs-dhcp
  Scenario: A phone can renew its address
    RFC 2131 §4.3.2: DHCPREQUEST generated during RENEWING state: the server knows the client by ciaddr
    Given a phone has an address
    When it renews its address
    Then it is renewed

  @FIP-DHCP-023 @should @grade-B @needs-dhcp
  Scenario: A renewal still has option 66
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    Given a phone has an address
    When it renews its address
    Then the renewal still has option 66

  @FIP-DHCP-024 @should @grade-A @needs-dhcp
  Scenario: A phone that asks again is given the address that it still holds
    RFC 2131 §4.3.1: "The client's current address as recorded in the client's current binding"
    Given a phone has an address
    When it asks for an address again
    Then it is given the same address

  @FIP-DHCP-025 @must @grade-A @needs-dhcp
  Scenario: Two phones have different addresses
    RFC 2131 §1.6: "Guarantee that any specific network address will not be in use by more than one DHCP client at a time"
    Given a phone has an address
    When another phone asks for an address
    Then they have different addresses

  @FIP-DHCP-026 @must @grade-A @needs-dhcp @needs-intrusive
  Scenario: A phone is not given an address that another one holds, though it claims it
    RFC 2131 §1.6: "Guarantee that any specific network address will not be in use by more than one DHCP client at a time"
    Given a phone has an address
    When another phone claims that address
    Then it is not given to the other

  @FIP-DHCP-027 @should @grade-A @needs-dhcp @needs-intrusive
  Scenario: A phone that claims an address of another network is refused
    RFC 2131 §4.3.2: "If the DHCP server detects that the client is on the wrong net"
    It would go on with an address that reaches nobody until its lease ends.
    Given a phone has an address
    When it claims an address of another network
    Then it is refused

  @FIP-DHCP-028 @should @grade-A @needs-dhcp @needs-intrusive
  Scenario: A phone that chose another server is given nothing by this one
    RFC 2131 §3.1: "Those servers not selected by the DHCPREQUEST message use the message as notification that the client has declined that server's offer."
    When a phone asks for an address, and chooses the offer of another server
    Then it is given none

  @FIP-DHCP-029 @should @grade-A @needs-dhcp @first
  Scenario: Many phones that ask at once are all given an address and told their server
    Guide, "DHCP Option66": "And DHCP Option 66 is enabled by default."
    After a power cut that is all phones at the same moment.
    When many phones ask for an address at once
    Then each of them is given an address and told a server

  @FIP-DHCP-030 @must @grade-B @needs-dhcp @needs-intrusive @last
  Scenario: After messages that are not DHCP a phone is given an address as before
    RFC 2131 §7, "Security Considerations"
    Given the server got messages that are not DHCP
    When a phone asks for an address anew
    Then it is given one all the same

  @FIP-DHCP-031 @must @grade-A @needs-dhcp
  Scenario: Every phone is told a server, not only the first one that asks
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    When a phone asks for an address
    And another phone asks for an address
    Then both are told a server by option 66
