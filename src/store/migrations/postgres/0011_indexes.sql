-- A client's page finds its rows by an index, however many other clients there are.

CREATE INDEX looks_by_scope ON looks (scope, subject_kind);
CREATE INDEX consents_by_client ON consents (client, request);
CREATE INDEX renewal_notices_by_client ON renewal_notices (client, position);
CREATE INDEX invoice_statuses_by_client ON invoice_statuses (client, position);
