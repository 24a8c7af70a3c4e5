Feature: Certificates

  @FIP-TLS-001 @must @grade-A @needs-https
  Scenario: The certificate is valid today
    RFC 5280 §4.1.2.5: the validity period is "the time interval during which the CA warrants that it will maintain information about the status of the certificate".
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then each certificate is valid today

  @FIP-TLS-002 @must @grade-A @needs-https
  Scenario: The certificate is for the host of the URL
    RFC 9110 §4.3.4: "a client MUST verify that the service's identity is an acceptable match for the URI's origin server"; RFC 9525 §6 says what matches.
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then the certificate names the host of the URL

  @FIP-TLS-003 @must @grade-A @needs-https @needs-certificate
  Scenario: The certificate is signed by an authority that phones trust
    RFC 5280 §6.1: a path of certificates leads from the server's to a trust anchor, each signed by the next.
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then the certificate leads to a trusted authority

  @FIP-TLS-004 @should @grade-A @needs-https @needs-certificate
  Scenario: No certificate between the server's and the authority's is missing
    RFC 8446 §4.4.2: "Each following certificate SHOULD directly certify the one immediately preceding it."
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then no certificate is missing in between

  @FIP-TLS-005 @must @grade-A @needs-https
  Scenario: The certificate is one for servers
    RFC 5280 §4.2.1.12: "If the extension is present, then the certificate MUST only be used for one of the purposes indicated."
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then the certificate is one for servers

  @FIP-TLS-006 @should @grade-A @needs-https
  Scenario: Each certificate certifies the one before it
    RFC 5246 §7.4.2: "Each following certificate MUST directly certify the one preceding it."; RFC 8446 §4.4.2 says SHOULD, and warns of those that cannot put them in order.
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then each certificate is that of the issuer of the one before it

  @FIP-TLS-007 @should @grade-A @needs-https
  Scenario: An RSA key has at least 2048 bits
    RFC 9325 §4.5: with RSA, servers authenticate by certificates with at least a 2048-bit modulus; libraries of phones refuse shorter ones.
    Given a file of several blocks
    When a phone shakes hands over TLS
    Then no RSA key has less than 2048 bits
