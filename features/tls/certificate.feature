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
