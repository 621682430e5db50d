begin; select plan(55);
select tests.given_personas();

-- Who executes which function is in catalogue/every_function_keeps_the_rules. These answer for their caller, and an unknown
-- bot looks like a stranger's.
select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                  anonymous  stranger   owner      sharee     service_role
  ('relay_cancel',           'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_cancel(tests.id('owner'), 'first') $$),
  ('relay_bot',              'denied',  'denied',  'denied',  'denied',  '1',
    $$ select public.relay_bot(tests.id('owner'), tests.key('bot')::text) $$),
  ('relay_bot, a share',     'denied',  'denied',  'denied',  'denied',  '0',
    $$ select 1 from public.relay_bot(tests.id('friend'), tests.key('bot')::text) as bot where bot is not null $$),
  ('relay.key_of',           'denied',  'denied',  'denied',  'denied',  '2',
    'select relay.key_of(b) from public.bots b'),
  ('own_bots',               'denied',  '0',       '2',       '0',       '0',
    $$ select public.own_bots() $$),
  ('own_bots with another',  'denied',  '0',       '0',       '0',       '0',
    $$ select 1 from public.own_bots() as id where id = tests.key('no bot') $$),
  ('my_spending',            'denied',  '1',       '1',       '1',       'denied', 'select public.my_spending()'),
  ('search_conversations',   'denied',  '0',       '3',       '0',       'denied',
    $$ select * from jsonb_array_elements(public.search_conversations('ANSWER')) $$),
  ('conversation_openings',  'denied',  '0',       '1',       '0',       'denied',
    $$ select * from jsonb_each(public.conversation_openings(array[tests.key('tale')::text])) $$),
  ('edit_message',           'denied',  'P0002',   '1',       'P0002',   'denied',
    $$ select public.edit_message(tests.key('first answer'), 'new', 'first answer') $$),
  ('import_conversation',    'denied',  '1',       '1',       '1',       'denied', $$ select public.import_conversation(
    'New', null, '{null}', '{Once}', '{user}', '{null}', '{null}', '{}', '{null}', 1) $$)
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
