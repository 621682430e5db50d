begin; select plan(70);
select tests.given_personas();
select tests.given_bot('friends bot', 'friend');
select tests.given_bot('strangers bot', 'stranger');
select tests.given_bot('shared bot', 'stranger');
select tests.given_share('shared bot', 'owner');
select tests.given_fallbacks('bot', 'private bot');
select tests.given_fallbacks('private bot', 'shared bot');

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                  anonymous  stranger   owner      sharee     service_role
  ('read',                   'denied',  '0',       '2',       '0',       '2', 'select * from public.bot_fallbacks'),
  ('add an own bot',         'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('private bot'), 2, tests.key('bot')) $$),
  ('add one that is shared', 'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 2, tests.key('shared bot')) $$),
  ('add a stranger''s',      'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 2, tests.key('strangers bot')) $$),
  ('add no bot',             'denied',  'refused', 'refused', 'refused', '23503',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 2, tests.key('no bot')) $$),
  -- Who may use a bot decides nothing about it.
  ('add to a stranger''s',   'denied',  '1',       'refused', 'refused', '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('strangers bot'), 1, tests.key('shared bot')) $$),
  ('add to one''s own',      'denied',  'refused', 'refused', '1',       '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('friends bot'), 1, tests.key('bot')) $$),
  ('add the bot itself',     'denied',  'refused', '23514',   'refused', '23514',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 2, tests.key('bot')) $$),
  ('add a fourth',           'denied',  'refused', '23514',   'refused', '23514',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 4, tests.key('shared bot')) $$),
  ('set again',              'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
      values (tests.key('bot'), 1, tests.key('shared bot')) on conflict (bot_id, position)
      do update set bot_id = excluded.bot_id, fallback_bot_id = excluded.fallback_bot_id $$),
  ('move all',               'denied',  '0',       '2',       '0',       '2',
    'update public.bot_fallbacks set position = 3'),
  ('take a stranger''s',     'denied',  '0',       'refused', '0',       '2',
    $$ update public.bot_fallbacks set fallback_bot_id = tests.key('strangers bot') $$),
  ('give to another bot',    'denied',  '0',       'refused', '0',       '1',
    $$ update public.bot_fallbacks set bot_id = tests.key('strangers bot') where bot_id = tests.key('bot') $$),
  ('delete',                 'denied',  '0',       '2',       '0',       '2', 'delete from public.bot_fallbacks')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
