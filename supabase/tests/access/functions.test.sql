begin; select plan(120);
select tests.given_personas();

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                  anonymous  stranger   owner      sharee     service_role
  ('relay_begin',            'denied',  'denied',  'denied',  'denied',  '1', $$ select public.relay_begin(
    tests.id('owner'), 'second', 'worker', 'And then?', null, null, null, null, false, 5, 3, 15000, 200000) $$),
  ('relay_begin_memory',     'denied',  'denied',  'denied',  'denied',  '1', $$ select public.relay_begin_memory(
    tests.id('owner'), 'third', 'worker', 'none', 'none', 15000, 200000, gen_random_uuid(), 0) $$),
  ('relay_bot',              'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_bot(tests.id('owner'), tests.key('bot')::text) $$),
  ('relay_bot, a share',     'denied',  'denied',  'denied',  'denied',  '0',
    $$ select 1 from public.relay_bot(tests.id('friend'), tests.key('bot')::text) as bot where bot is not null $$),
  ('relay_beat',             'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_beat(array['first'], array[tests.id('fence of first')], 15000) $$),
  ('relay_finish',           'denied',  'denied',  'denied',  'denied',  '1', $$ select public.relay_finish(
    'first', tests.id('fence of first'), 'completed', 'stop', null, 'The end.', null, null, null, null, 4) $$),
  ('relay_cancel',           'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_cancel(tests.id('owner'), 'first') $$),
  ('relay_running',          'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_running(tests.id('owner'), tests.key('tale')::text) $$),
  ('relay_read',             'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_read(array[tests.id('owner')], array['first'], array[0]) $$),
  ('relay_sweep',            'denied',  'denied',  'denied',  'denied',  '1', 'select public.relay_sweep()'),
  ('relay_metrics',          'denied',  'denied',  'denied',  'denied',  '1', 'select public.relay_metrics()'),
  ('relay_count_refusals',   'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_count_refusals(array['internal'], array[1]) $$),
  ('relay.fold',             'denied',  'denied',  'denied',  'denied',  '1', 'select relay.fold()'),
  ('schedule_sweep',         'denied',  'denied',  'denied',  'denied',  'denied', 'select relay.schedule_sweep()'),
  ('relay.reprice',          'denied',  'denied',  'denied',  'denied',  'denied', 'select relay.reprice(now())'),
  ('move_keys_to_vault',     'denied',  'denied',  'denied',  'denied',  'denied', 'select relay.move_keys_to_vault()'),
  ('relay.key_of',           'denied',  'denied',  'denied',  'denied',  '2',
    'select relay.key_of(b) from public.bots b'),
  -- These answer for their caller, and an unknown bot looks like a stranger's.
  ('own_bots',               'denied',  '0',       '2',       '0',       '0',
    $$ select public.own_bots() $$),
  ('my_spending',            'denied',  '1',       '1',       '1',       'denied', 'select public.my_spending()'),
  ('search_conversations',   'denied',  '0',       '3',       '0',       'denied',
    $$ select * from jsonb_array_elements(public.search_conversations('ANSWER')) $$),
  ('conversation_openings',  'denied',  '0',       '1',       '0',       'denied',
    $$ select * from jsonb_each(public.conversation_openings(array[tests.key('tale')::text])) $$),
  ('edit_message',           'denied',  'P0002',   '1',       'P0002',   'denied',
    $$ select public.edit_message(tests.key('first answer'), 'new', 'first answer') $$),
  ('import_conversation',    'denied',  '1',       '1',       '1',       'denied', $$ select public.import_conversation(
    'New', null, '{null}', '{Once}', '{user}', '{null}', '{null}', '{}', '{null}', 1) $$),
  ('own_bots with another',  'denied',  '0',       '0',       '0',       '0',
    $$ select 1 from public.own_bots() as id where id = tests.key('no bot') $$)
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
