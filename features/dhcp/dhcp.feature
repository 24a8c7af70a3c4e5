Feature: The server gives a phone an address and tells it where to provision

  @FIP-DHCP-001 @must @grade-A @needs-dhcp
  Scenario: A phone that asks for an address is offered one
    RFC 2131 §4.3.1: "When a server receives a DHCPDISCOVER message from a client, the server chooses a network address for the requesting client."
    When a phone asks for an address
    Then it is offered one

  @FIP-DHCP-002 @must @grade-A @needs-dhcp
  Scenario: A phone is given the address that it takes
    RFC 2131 §3.1: "The server selected in the DHCPREQUEST message commits the binding for the client to persistent storage and responds with a DHCPACK message containing the configuration parameters for the requesting client."
    When a phone asks for an address
    Then it is given one

  @FIP-DHCP-003 @must @grade-A @needs-dhcp
  Scenario: The ACK has option 66
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    When a phone asks for an address
    Then it is told a server by option 66

  @FIP-DHCP-004 @must @grade-A @needs-dhcp
  Scenario: Every answer carries the phone's transaction ID
    RFC 2131 §4.3.1: "The server inserts the 'xid' field from the DHCPDISCOVER message into the 'xid' field of the DHCPOFFER message and sends the DHCPOFFER message to the requesting client."
    When a phone asks for an address
    Then every answer carries the transaction ID of the phone

  @FIP-DHCP-005 @must @grade-A @needs-dhcp
  Scenario: Every answer carries the phone's hardware address
    RFC 2131 §4.3.1, table 3: 'chaddr' from client DHCPDISCOVER message
    'htype' and 'hlen', which say how much of it counts, stand in the same table; busybox's client drops another 'hlen'.
    When a phone asks for an address
    Then every answer carries the hardware address of the phone

  @FIP-DHCP-006 @must @grade-A @needs-dhcp
  Scenario: Every answer is marked as a reply
    RFC 2131 §3: "BOOTREPLY is used in the 'op' field of each DHCP message sent from a server to a client."
    When a phone asks for an address
    Then every answer is marked as a reply

  @FIP-DHCP-007 @must @grade-A @needs-dhcp
  Scenario: Every answer has a message type
    RFC 2131 §3: "One particular option - the "DHCP message type" option - must be included in every DHCP message."
    When a phone asks for an address
    Then every answer has a message type

  @FIP-DHCP-008 @must @grade-A @needs-dhcp
  Scenario: Every answer names the server that gives it
    RFC 2131 §4.3.1, table 3: Server identifier MUST
    When a phone asks for an address
    Then every answer names the server

  @FIP-DHCP-009 @must @grade-A @needs-dhcp
  Scenario: Every answer says for how long the address may be used
    RFC 2131 §4.3.1, table 3: IP address lease time MUST
    When a phone asks for an address
    Then every answer says for how long

  @FIP-DHCP-010 @must @grade-A @needs-dhcp
  Scenario: The options of every answer end with the End option
    RFC 2131 §4.1: "The last option must always be the 'end' option."
    It ends those in an overloaded 'sname' or 'file' field too.
    When a phone asks for an address
    Then the options of every answer end with the End option

  @FIP-DHCP-011 @must @grade-A @needs-dhcp
  Scenario: A phone is given the address that it was offered
    RFC 2131 §3.1: "The 'yiaddr' field in the DHCPACK messages is filled in with the selected network address."
    When a phone asks for an address
    Then it is given that which it was offered

  @FIP-DHCP-012 @should @grade-A @needs-dhcp
  Scenario: The time to renew is before that to rebind, and both are before the end
    RFC 2131 §4.4.5: "T1 MUST be earlier than T2, which, in turn, MUST be earlier than the time at which the client's lease will expire."
    When a phone asks for an address
    Then the lease is longer than the times to renew and to rebind it

  @FIP-DHCP-013 @must @grade-A @needs-dhcp
  Scenario: Every answer carries the relay agent's address
    RFC 2131 §4.3.1, table 3: 'giaddr' from client DHCPDISCOVER message
    A relay agent drops a reply that is not for it (RFC 1542 §4.1.2).
    When a phone asks for an address
    Then every answer carries the relay agent's address

  @FIP-DHCP-014 @should @grade-A @needs-dhcp
  Scenario: No option stands twice in an answer
    RFC 2131 §4.1: "Options may appear only once, unless otherwise specified in the options document."
    A phone joins the values, and two URLs make none.
    When a phone asks for an address
    Then no option stands twice in an answer

  @FIP-DHCP-015 @must @grade-A @needs-dhcp
  Scenario: Option 66 is text of one line
    RFC 2132 §9.4: the TFTP server name is a name, in NVT ASCII
    NULs at its end are legal (RFC 2132 §2).
    When a phone asks for an address
    Then option 66 is text of one line

  @FIP-DHCP-016 @must @grade-A @needs-dhcp
  Scenario: Option 66 names a server that a phone can use
    Guide, "Configuring TFTP Server": "The server's URL format is "tftp://IP/" (The "IP" here means the server's IP address, such as "tftp://10.20.0.92/") , this is where the phone download the configuration file."
    When a phone asks for an address
    Then option 66 names a server that the phone can use

  @FIP-DHCP-017 @may @grade-C @needs-dhcp
  Scenario: The OFFER has option 66 already
    RFC 2131 §4.3.1: the server returns the parameters that the client asked for, in an OFFER as in an ACK
    A client may choose among OFFERs by it.
    When a phone asks for an address
    Then the OFFER has option 66 already

  @FIP-DHCP-018 @must @grade-A @needs-dhcp
  Scenario: Every answer begins its options with the magic cookie
    RFC 2131 §3: "The first four octets of the 'options' field of the DHCP message contain the (decimal) values 99, 130, 83 and 99, respectively"
    When a phone asks for an address
    Then every answer begins its options with the magic cookie

  @FIP-DHCP-019 @must @grade-A @needs-dhcp
  Scenario: Options that are addresses, numbers or lists of them are as long as such are
    RFC 2132 §3.5: "The minimum length for the router option is 4 octets, and the length MUST always be a multiple of 4."
    When a phone asks for an address
    Then every option is as long as its kind demands
