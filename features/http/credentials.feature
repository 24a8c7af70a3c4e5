Feature: HTTP credentials

  @FIP-HTTP-020 @must @grade-A @needs-http @needs-https @needs-credentials @each-protocol
  Scenario: Without credentials a guarded file does not come
    RFC 9110 §15.5.2: 401 says that "the request has not been applied because it lacks valid authentication credentials".
    Given a file that asks for a password
    When it is asked for over HTTP without credentials
    Then it does not come over HTTP

  @FIP-HTTP-021 @must @grade-A @needs-http @needs-https @needs-credentials @each-protocol
  Scenario: Whoever lacks credentials is challenged
    RFC 9110 §15.5.2: "The server generating a 401 response MUST send a WWW-Authenticate header field ... containing at least one challenge".
    Given a file that asks for a password
    When it is asked for over HTTP without credentials
    Then the refusal is 401 and holds a challenge

  @FIP-HTTP-022 @should @grade-C @needs-http @needs-https @needs-credentials @each-protocol
  Scenario: A challenge is one that phones know
    RFC 7617 §2 and RFC 7616 §3.3: Basic and Digest; a phone knows no other.
    Given a file that asks for a password
    When it is asked for over HTTP without credentials
    Then one of the challenges is Basic or Digest

  @FIP-HTTP-023 @must @grade-A @needs-http @needs-https @needs-credentials @needs-intrusive @each-protocol
  Scenario Outline: With a wrong password a guarded file does not come: <wrong>
    RFC 9110 §15.5.2: credentials that were refused are answered by 401 again.
    Given a file that asks for a password
    When it is asked for over HTTP with <wrong>
    Then it is refused over HTTP

    Examples:
      | wrong                                                  |
      | a wrong password                                       |
      | the right password in capitals where it has small ones |
      | no password                                            |

  @FIP-HTTP-024 @must @grade-A @needs-http @needs-https @needs-credentials @needs-intrusive @each-protocol
  Scenario: Another user's name with the same password does not do
    RFC 7617 §2 and RFC 7616 §3.4: credentials are a user name and a password.
    Given a file that asks for a password
    When it is asked for over HTTP under a wrong user name
    Then it is refused over HTTP

  @FIP-HTTP-025 @should @grade-A @needs-http @needs-https @needs-credentials @needs-intrusive @each-protocol
  Scenario: Digest with a nonce that was never given does not do
    RFC 7616 §3.3: the nonce is "A server-specified string which should be uniquely generated each time a 401 response is made."
    Given a file that asks for a password
    When it is asked for over HTTP by Digest with an invented nonce
    Then it is refused over HTTP, if Digest is asked for

  @FIP-HTTP-026 @should @grade-A @needs-http @needs-https @needs-credentials @each-protocol
  Scenario: A nonce that is not taken any more is called stale
    RFC 7616 §3.3: if stale "is not present, the username and/or password are invalid": a phone that counts its requests with one nonce gives up, as libcurl does.
    Given a file that asks for a password
    When it is asked for over HTTP twice by Digest with one nonce
    Then it comes both times, or the nonce is called stale, if Digest is asked for

  @FIP-HTTP-027 @should @grade-A @needs-http @needs-https @needs-credentials @each-protocol
  Scenario: A challenge has what an answer needs
    RFC 7617 §2: of a Basic challenge "the authentication parameter 'realm' is REQUIRED"; RFC 7616 §3.3: a Digest challenge has realm and nonce, and a sender puts both in quotation marks.
    Given a file that asks for a password
    When it is asked for over HTTP without credentials
    Then the challenges have realm and nonce as their schemes want them
