begin; select plan(95);
select tests.given_personas();
select tests.given_conversation('friend''s tale', 'friend', 'bot');

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                    anonymous  stranger   owner      sharee     service_role
  ('read',                     'denied',  '0',       '1',       '1',       '2', 'select * from public.conversations'),
  ('add to the owner',         'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.conversations (id, user_id, title)
      values (tests.key('new'), tests.id('owner'), 'new') returning * $$),
  ('add with the shared bot',  'denied',  'refused', 'refused', '1',       '1',
    $$ insert into public.conversations (user_id, bot_id) values (tests.id('friend'), tests.key('bot')) $$),
  ('add with the private bot', 'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.conversations (user_id, bot_id) values (tests.id('friend'), tests.key('private bot')) $$),
  ('add with an unknown bot',  'denied',  'refused', 'refused', 'refused', 'refused',
    $$ insert into public.conversations (user_id, bot_id) values (tests.id('friend'), tests.key('no bot')) $$),
  ('rename',                   'denied',  '0',       '1',       '1',       '2',
    $$ update public.conversations set title = 'new' $$),
  ('set the private bot',      'denied',  '0',       '1',       'refused', '2',
    $$ update public.conversations set bot_id = tests.key('private bot') $$),
  ('set an unknown bot',       'denied',  '0',       'refused', 'refused', 'refused',
    $$ update public.conversations set bot_id = tests.key('no bot') $$),
  ('set no bot',               'denied',  '0',       '1',       '1',       '2',
    'update public.conversations set bot_id = null'),
  ('move the leaf',            'denied',  '0',       '1',       '0',       '1',
    $$ update public.conversations set active_message_id = tests.key('first answer') where id = tests.key('tale') $$),
  ('move it elsewhere',        'denied',  '0',       '0',       '23503',   '23503',
    $$ update public.conversations set active_message_id = tests.key('first answer')
      where id = tests.key('friend''s tale') $$),
  ('give away',                'denied',  'denied',  'denied',  'denied',  '2',
    $$ update public.conversations set user_id = tests.id('stranger') $$),
  ('change the id',            'denied',  'denied',  'denied',  'denied',  '1',
    $$ update public.conversations set id = tests.key('new') where id = tests.key('friend''s tale') $$),
  ('date it',                  'denied',  'denied',  'denied',  'denied',  '2',
    'update public.conversations set created_at = now()'),
  ('touch it',                 'denied',  'denied',  'denied',  'denied',  '2',
    'update public.conversations set updated_at = now()'),
  ('delete',                   'denied',  '0',       '1',       '1',       '2', 'delete from public.conversations')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

-- A share that has ended hides the bot; the conversations that have it stay as they are.
delete from public.bot_shares;
select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  ('read the bot no more',     'denied',  '0',       '2',       '0',       '2', 'select id from public.bots'),
  ('rename all the same',      'denied',  '0',       '1',       '1',       '2',
    $$ update public.conversations set title = 'new' $$),
  ('keep the bot',             'denied',  '0',       '1',       '1',       '2',
    'update public.conversations set bot_id = bot_id')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
