begin; select plan(130);
select tests.given_personas();

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action               anonymous  stranger   owner      sharee     service_role
  ('read',                'denied',  '0',       '2',       '1',       '2',
    'select id, name, model, system_prompt from public.bots'),
  ('read all columns',    'denied',  'denied',  'denied',  'denied',  '2', 'select * from public.bots'),
  ('read the key',        'denied',  'denied',  'denied',  'denied',  '2', 'select access_key from public.bots'),
  ('read the row',        'denied',  'denied',  'denied',  'denied',  '2', 'select to_jsonb(b) from public.bots b'),
  ('count the keys',      'denied',  'denied',  'denied',  'denied',  '1', 'select count(access_key) from public.bots'),
  ('find by the key',     'denied',  'denied',  'denied',  'denied',  '1',
    $$ select id from public.bots where access_key = 'key of bot' $$),
  ('sort by the key',     'denied',  'denied',  'denied',  'denied',  '2',
    'select id from public.bots order by access_key'),
  ('read the options',    'denied',  '0',       '2',       '1',       '2',
    'select takes_system, first_turn_is_user, thinks_first, takes_prefill from public.bots'),
  ('read the headers',    'denied',  'denied',  'denied',  'denied',  '2', 'select headers from public.bots'),
  ('find by the headers', 'denied',  'denied',  'denied',  'denied',  '0',
    $$ select id from public.bots where headers ? 'x' $$),
  ('copy the headers',    'denied',  'denied',  'denied',  'denied',  '2',
    'update public.bots set name = headers::text'),
  ('set the headers',     'denied',  '0',       '2',       '0',       '2',
    $$ update public.bots set headers = '{"x": "y"}', takes_system = false, first_turn_is_user = true, thinks_first = true,
      takes_prefill = true $$),
  ('add to the owner',    'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.bots (user_id, name, access_key) values (tests.id('owner'), 'new', 'new key') $$),
  ('add and get the key', 'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into public.bots (user_id, access_key) values (tests.id('owner'), 'new key') returning * $$),
  ('change the name',     'denied',  '0',       '2',       '0',       '2', $$ update public.bots set name = 'new' $$),
  ('change the path',     'denied',  '0',       '2',       '0',       '2',
    $$ update public.bots set access_path = 'https://elsewhere.example/v1' $$),
  ('replace the key',     'denied',  '0',       '2',       '0',       '2',
    $$ update public.bots set access_key = 'new' $$),
  ('copy the key',        'denied',  'denied',  'denied',  'denied',  '2', 'update public.bots set name = access_key'),
  ('extend the key',      'denied',  'denied',  'denied',  'denied',  '2',
    $$ update public.bots set access_key = access_key || 'x' $$),
  ('guess the key',       'denied',  'denied',  'denied',  'denied',  '2',
    $$ update public.bots set name = 'guessed' where access_key like 'key%' $$),
  ('change, get the key', 'denied',  'denied',  'denied',  'denied',  '2',
    $$ update public.bots set name = 'new' returning access_key $$),
  ('give away',           'denied',  'denied',  'denied',  'denied',  '2',
    $$ update public.bots set user_id = tests.id('friend') $$),
  ('change the time',     'denied',  'denied',  'denied',  'denied',  '2', 'update public.bots set updated_at = now()'),
  ('delete',              'denied',  '0',       '2',       '0',       '2', 'delete from public.bots'),
  ('delete by the key',   'denied',  'denied',  'denied',  'denied',  '2',
    $$ delete from public.bots where access_key like 'key%' $$),
  ('upsert with the key', 'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into public.bots (id, user_id) values (tests.key('bot'), tests.id('owner'))
      on conflict (id) do update set name = public.bots.access_key $$)
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
