begin; select plan(40);
select tests.given_personas();
select tests.make_user('other friend');
select tests.given_share('bot', 'other friend');

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                 anonymous  stranger   owner      sharee     service_role
  ('read',                  'denied',  '0',       '2',       '1',       '2', 'select * from public.bot_shares'),
  ('share the bot',         'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.bot_shares (bot_id, user_id) values (tests.key('bot'), tests.id('stranger')) $$),
  ('share an unknown bot',  'denied',  'refused', 'refused', 'refused', '0',
    $$ insert into public.bot_shares (bot_id, user_id)
      select tests.key('no bot'), tests.id('stranger') where current_user <> 'service_role' $$),
  ('share it twice',       'denied',  'refused', '23505',   'refused', '23505',
    $$ insert into public.bot_shares (bot_id, user_id) values (tests.key('bot'), tests.id('friend')) $$),
  ('date a share',          'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into public.bot_shares values (tests.key('bot'), tests.id('stranger'), now() - interval '1 day') $$),
  ('change',                'denied',  'denied',  'denied',  'denied',  '1',
    $$ update public.bot_shares set user_id = tests.id('stranger') where user_id = tests.id('friend') $$),
  ('end all that are seen', 'denied',  '0',       '2',       '1',       '2', 'delete from public.bot_shares'),
  ('end another''s',        'denied',  '0',       '1',       '0',       '1',
    $$ delete from public.bot_shares where user_id = tests.id('other friend') $$)
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
