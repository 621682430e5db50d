begin; select plan(22);
select tests.make_user('owner');
select tests.given_generation('ended', 'owner', 'completed');
select tests.given_price('model', 1, null, 2, '2026-01-01');

select tests.violates('update relay.prices set ' || change, violated, change) from (values
  ('input = -1',                      'prices_are_in_range'),
  ('cached_input = -1',               'prices_are_in_range'),
  ('output = -1',                     'prices_are_in_range'),
  ($$ input = 'NaN' $$,               'prices_are_in_range'),
  ($$ output = 'Infinity' $$,         'prices_are_in_range'),
  ('output = 1000001',                'prices_are_in_range'),
  ('input = null',                    ''),
  ('output = null',                   ''),
  ('input = 0, cached_input = 0, output = 1000000', null),
  ($$ host = 'Provider.example' $$,   'prices_hosts_are_of_base_urls'),
  ($$ host = 'https://provider.example' $$, 'prices_hosts_are_of_base_urls'),
  ($$ host = 'provider.example/v1' $$, 'prices_hosts_are_of_base_urls'),
  ($$ host = '' $$,                   'prices_hosts_are_of_base_urls'),
  ($$ host = 'localhost:8080' $$,     null)
) as m (change, violated);
select tests.violates('insert into relay.prices select * from relay.prices', 'prices_pkey', 'one price at a time');
select tests.violates('update relay.generations set cost = ' || cost, violated, 'cost ' || cost) from (values
  ('-1', 'generations_costs_are_in_range'), ($$ 'NaN' $$, 'generations_costs_are_in_range'), ('0', null)
) as m (cost, violated);
select tests.call_finish('ended');
insert into public.usage_days (day, user_id, model, generations, estimated, prompt_tokens, cached_tokens,
  completion_tokens, reasoning_tokens) values ('2026-11-26', tests.id('owner'), 'model', 1, 0, 0, 0, 0, 0);
select tests.violates('update public.usage_days set ' || change, violated, change) from (values
  ($$ cost = 'NaN' $$,      'usage_days_cost_is_finite'),
  ($$ cost = 'Infinity' $$, 'usage_days_cost_is_finite'),
  ('cost = -1',             null),
  ('user_id = null',        '')
) as m (change, violated);

select * from finish(); rollback;
