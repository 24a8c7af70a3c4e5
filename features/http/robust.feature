Feature: What an HTTP server bears

  @FIP-HTTP-030 @must @grade-B @needs-http @needs-https @needs-intrusive @each-protocol @alone
  Scenario: Malformed requests do not stop the server
    RFC 9112 §3: "Recipients of an invalid request-line SHOULD respond with either a 400 (Bad Request) error or a 301 (Moved Permanently) redirect".
    Given a file of several blocks
    When malformed requests are sent over HTTP
    Then another phone is still served over HTTP

  @FIP-HTTP-031 @must @grade-B @needs-http @needs-https @needs-intrusive @each-protocol @alone
  Scenario: A huge header does not stop the server
    RFC 9110 §5.4: a server that gets more "than it wishes to process MUST respond with an appropriate 4xx (Client Error) status code".
    Given a file of several blocks
    When a header of 1 MiB is sent over HTTP
    Then another phone is still served over HTTP

  @FIP-HTTP-032 @must @grade-B @needs-http @needs-https @each-protocol @first
  Scenario: A connection that says nothing keeps no other phone waiting
    RFC 9112 §9.5: "Servers will usually have some timeout value beyond which they will no longer maintain an inactive connection."
    Given a file of several blocks
    When a phone asks for it over HTTP while another is connected and says nothing
    Then another phone is still served over HTTP

  @FIP-HTTP-033 @must @grade-B @needs-http @needs-https @needs-intrusive @each-protocol @alone
  Scenario: Phones that vanish in the middle of a request do not exhaust the server
    RFC 9112 §9.5: "A client, server, or proxy MAY close the transport connection at any time."; until a server does so, other phones go on.
    A server may have a limit; those of small ones, such as the 32 of webfsd, are higher.
    Given a file of several blocks
    When 16 phones begin a request over HTTP and are never heard of again
    Then another phone is still served over HTTP
