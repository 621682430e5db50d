begin; select plan(14);
select is(relay.host_of(base_url), host, coalesce(base_url, 'none')) from (values
  ('https://api.openai.com/v1', 'api.openai.com'),
  ('https://API.OpenAI.com', 'api.openai.com'),
  ('HTTPS://api.openai.com:443/v1/', 'api.openai.com'),
  ('http://api.openai.com:80/v1', 'api.openai.com'),
  ('http://api.openai.com:443/v1', 'api.openai.com:443'),
  ('https://gateway.example:8443/v1', 'gateway.example:8443'),
  ('https://name:secret@gateway.example/v1?key=a@b/c', 'gateway.example'),
  ('https://gateway.example?key=secret', 'gateway.example'),
  ('https://gateway.example#part', 'gateway.example'),
  ('http://[2001:db8::1]:8080/v1', '[2001:db8::1]:8080'),
  (E' https://api.openai.com\n', 'api.openai.com'),
  ('api.openai.com', null),
  ('', null),
  (null, null)
) as m (base_url, host);

select * from finish(); rollback;
