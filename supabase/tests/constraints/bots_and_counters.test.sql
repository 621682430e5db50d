begin; select plan(43);
select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select tests.violates('update public.bots set ' || change, violated, change) from (values
  ($$ api = 'openai' $$,     'bots_api_is_known'),
  ($$ api = '' $$,           'bots_api_is_known'),
  ($$ api = 'anthropic_messages' $$, null),
  ($$ api = 'openai_responses' $$, null),
  ($$ api = 'gemini' $$,     null),
  ($$ params = '[1]' $$,     'bots_params_are_an_object'),
  ($$ params = 'null' $$,    'bots_params_are_an_object'),
  ($$ headers = '[1]' $$,            'bots_headers_can_be_sent'),
  ($$ headers = '{"x": 1}' $$,       'bots_headers_can_be_sent'),
  ($$ headers = '{"x": "a\nb"}' $$,  'bots_headers_can_be_sent'),
  ($$ headers = '{"x y": "a"}' $$,   'bots_headers_can_be_sent'),
  ($$ headers = '{"Host": "a"}' $$,  'bots_headers_can_be_sent'),
  ($$ headers = '{"content-length": "1"}' $$, 'bots_headers_can_be_sent'),
  ($$ headers = jsonb_build_object('x', repeat('a', 8192)) $$, 'bots_headers_can_be_sent'),
  ($$ headers = '{"x-portkey-provider": "openai", "cf-aig-cache-ttl": "60"}' $$, null),
  ('temperature = -0.1',     'bots_temperature_is_in_range'),
  ('temperature = 2.1',      'bots_temperature_is_in_range'),
  ($$ temperature = 'NaN' $$, 'bots_temperature_is_in_range'),
  ('temperature = 2',        null),
  ('temperature = null',     null),
  ('context_tokens = 255',   'bots_context_tokens_are_in_range'),
  ('context_tokens = 10000001', 'bots_context_tokens_are_in_range'),
  ('context_tokens = 256',   null),
  ('reply_tokens = 0',       'bots_reply_tokens_are_in_range'),
  ('reply_tokens = 1000001', 'bots_reply_tokens_are_in_range'),
  ('reply_tokens = 1',       null),
  ('context_tokens = 256, reply_tokens = 256', 'bots_reply_tokens_leave_room'),
  ('context_tokens = 256, reply_tokens = 255', null),
  ('context_tokens = null, reply_tokens = null', null)
) as m (change, violated);
select tests.violates(statement, violated, statement) from (values
  ('update relay.counters set value = -1', 'counters_only_grow'),
  ('update relay.counters set value = 0',  null),
  ($$ update relay.counters set name = 'sweeps_total', labels = '{}' $$, 'counters_are_named_once'),
  ($$ insert into relay.uncounted (name, amount) values ('sweeps_total', -1) $$, 'uncounted_only_adds'),
  ($$ insert into relay.uncounted (name, amount) values ('sweeps_total', 0) $$, null),
  ($$ insert into relay.uncounted (name, amount) values ('sweeps_total', null) $$, ''),
  ($$ insert into relay.uncounted (name) values (null) $$, ''),
  ($$ insert into relay.models values ('e', 'm', 0.9) $$, 'models_ratios_are_in_range'),
  ($$ insert into relay.models values ('e', 'm', 6.1) $$, 'models_ratios_are_in_range'),
  ($$ insert into relay.models values ('e', 'm', 3, 1023) $$, 'models_windows_are_not_tiny'),
  ($$ insert into relay.models values ('e', 'm', 3, 1024) $$, null),
  ($$ insert into relay.models values ('e', 'm', 3) $$, 'models_pkey'),
  ($$ insert into relay.models values ('e', 'other', null) $$, '')
) as m (statement, violated);
select results_eq($$ insert into public.bots (user_id) values (tests.id('owner')) returning access_path, api, model, params $$,
  $$ values ('https://api.openai.com/v1', 'chat_completions', '', '{}'::jsonb) $$, 'a bot has defaults');

select * from finish(); rollback;
