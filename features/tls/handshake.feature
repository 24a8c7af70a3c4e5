Feature: TLS handshakes

  @FIP-TLS-010 @must @grade-A @needs-https
  Scenario: TLS 1.2 or 1.3 is spoken
    RFC 8996 §4 and §5: "TLS 1.0 MUST NOT be used.", "TLS 1.1 MUST NOT be used."
    Given a file of several blocks
    When a phone that knows all versions shakes hands over TLS
    Then the version is 1.2 or 1.3

  @FIP-TLS-011 @may @grade-A @needs-https
  Scenario: TLS 1.0 and 1.1 are off
    RFC 8996 §4: "Negotiation of TLS 1.0 from any version of TLS MUST NOT be permitted."
    Given a file of several blocks
    When a phone that knows only TLS 1.0 and 1.1 shakes hands over TLS
    Then there is no version in common

  @FIP-TLS-012 @should @grade-D @needs-https
  Scenario: A phone that knows no TLS 1.3 is served
    RFC 8446 §4.2.1: a ClientHello without "supported_versions" asks for TLS 1.2 or before; what a phone of 2021 knows is not known.
    Given a file of several blocks
    When a phone that knows only TLS 1.2 shakes hands over TLS
    Then the handshake succeeded

  @FIP-TLS-013 @should @grade-D @needs-https
  Scenario: A phone that knows only RSA key exchange is served
    RFC 5246 §9: "a TLS-compliant application MUST implement the cipher suite TLS_RSA_WITH_AES_128_CBC_SHA"; what a phone of 2021 knows is not known.
    Given a file of several blocks
    When a phone that knows only TLS 1.2 with RSA key exchange shakes hands over TLS
    Then the handshake succeeded, if TLS 1.2 is spoken

  @FIP-TLS-014 @should @grade-D @needs-https
  Scenario: A phone that sends no server name is served
    RFC 6066 §3: "clients MAY include an extension of type "server_name""; what a phone of 2021 sends is not known.
    Given a file of several blocks
    When it is fetched by a phone that sends no server name
    Then it came as it does with a server name

  @FIP-TLS-015 @should @grade-C @needs-https
  Scenario: A phone without a certificate of its own is served
    RFC 8446 §4.3.2: a server "MAY optionally request a certificate from the client"; phones of this maker have none that a server could check, as far as is known.
    Given a file of several blocks
    When a phone without a certificate asks for it over TLS
    Then no certificate was demanded

  @FIP-TLS-016 @should @grade-C @needs-https
  Scenario: A phone that names no protocol is answered in HTTP/1.1
    RFC 7301 §3.1: the extension "MAY be included by the client in its "ClientHello" message"; without it there is no HTTP/2 over TLS (RFC 9113 §3.2).
    Given a file of several blocks
    When a phone asks for it over TLS with and without ALPN
    Then ALPN made no difference

  @FIP-TLS-017 @must @grade-B @needs-https @needs-intrusive @alone
  Scenario: Broken handshakes do not stop the server
    RFC 8446 §6.2: whoever receives what is no handshake sends an alert and closes that connection.
    Given a file of several blocks
    When broken handshakes are sent over TLS
    Then another phone is still served over HTTP

  @FIP-TLS-018 @should @grade-C @needs-https
  Scenario: A phone that comes back with its session is served
    RFC 8446 §2.2 and RFC 5077 §3.4: who shows a session that is not known any more gets a full handshake; phones keep sessions from one file to the next, as libcurl does.
    Given a file of several blocks
    When a phone asks for it over TLS twice, the second time with the session of the first
    Then the session made no difference
