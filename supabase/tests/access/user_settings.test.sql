begin; select plan(50);
select tests.given_personas();

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                    anonymous  stranger   owner      sharee     service_role
  ('read',                     'denied',  '0',       '1',       '0',       '1', 'select * from public.user_settings'),
  ('add the friend''s',        'denied',  'refused', 'refused', '1',       '1',
    $$ insert into public.user_settings (user_id) values (tests.id('friend')) $$),
  ('add with the shared bot',  'denied',  'refused', 'refused', '1',       '1',
    $$ insert into public.user_settings (user_id, default_bot_id) values (tests.id('friend'), tests.key('bot')) $$),
  ('add with the private bot', 'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.user_settings values (tests.id('friend'), tests.key('private bot')) $$),
  ('add with an unknown bot',  'denied',  'refused', 'refused', 'refused', '0',
    $$ insert into public.user_settings
      select tests.id('friend'), tests.key('no bot') where current_user <> 'service_role' $$),
  -- As supabase-js writes an upsert: every column that was sent is set.
  ('upsert the owner''s',      'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.user_settings (user_id, default_bot_id) values (tests.id('owner'), null)
      on conflict (user_id) do update set user_id = excluded.user_id, default_bot_id = excluded.default_bot_id $$),
  ('set the private bot',      'denied',  '0',       '1',       '0',       '1',
    $$ update public.user_settings set default_bot_id = tests.key('private bot') $$),
  ('set none',                 'denied',  '0',       '1',       '0',       '1',
    'update public.user_settings set default_bot_id = null'),
  ('give away',                'denied',  '0',       'refused', '0',       '1',
    $$ update public.user_settings set user_id = tests.id('stranger') $$),
  ('delete',                   'denied',  '0',       '1',       '0',       '1', 'delete from public.user_settings')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
