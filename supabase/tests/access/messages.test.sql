begin; select plan(105);
select tests.given_personas();
select tests.given_conversation('other tale', 'friend', 'bot');

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                  anonymous  stranger   owner      sharee     service_role
  ('read',                   'denied',  '0',       '6',       '0',       '6', 'select * from public.messages'),
  ('add',                    'denied',  '23503',   '1',       '23503',   '1',
    $$ insert into public.messages (id, user_id, conversation_id, parent_id, content, is_user_author) values
      (tests.key('new'), tests.id('owner'), tests.key('tale'), tests.key('other answer'), 'new', true) returning * $$),
  ('add to another''s tale', 'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.messages (user_id, conversation_id) values (tests.id('owner'), tests.key('other tale')) $$),
  ('add in another''s name', 'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.messages (user_id, conversation_id) values (tests.id('friend'), tests.key('tale')) $$),
  ('add to no tale',         'denied',  'refused', 'refused', 'refused', '23503',
    $$ insert into public.messages (user_id, conversation_id) values (tests.id('owner'), tests.key('no tale')) $$),
  ('add below another''s',   'denied',  '23503',   'refused', '23503',   '23503',
    $$ insert into public.messages (user_id, conversation_id, parent_id)
      values (tests.id('friend'), tests.key('other tale'), tests.key('first answer')) $$),
  ('add below no message',   'denied',  '23503',   '23503',   '23503',   '23503',
    $$ insert into public.messages (user_id, conversation_id, parent_id)
      values (tests.id('friend'), tests.key('other tale'), tests.key('no message')) $$),
  ('change the text',        'denied',  '0',       '6',       '0',       '6',
    $$ update public.messages set content = 'new' $$),
  ('delete a branch',        'denied',  '0',       '1',       '0',       '1',
    $$ delete from public.messages where id = tests.key('other answer') $$),
  ('delete all',             'denied',  '0',       '6',       '0',       '6', 'delete from public.messages')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

-- The relay writes these, and nothing else does.
select tests.may('set ' || name, 'denied', 'denied', 'denied', 'denied', '1', format(
  'insert into public.messages (user_id, conversation_id, %I) values (tests.id(%L), tests.key(%L), null)', name,
  'owner', 'tale'
)) from unnest(array['stream_id', 'finish_reason', 'usage', 'bot_id']) as name;
select tests.may('change ' || name, 'denied', 'denied', 'denied', 'denied', '6', format(
  'update public.messages set %I = %1$I', name
)) from unnest(array['stream_id', 'finish_reason', 'usage', 'parent_id', 'conversation_id']) as name;

-- A policy of the project's own that shows stories to everyone lets no one else write to them.
select tests.given_message('of the friend', 'other tale');
create policy stories_are_shown on public.conversations for select to authenticated using (true);
create policy texts_are_shown on public.messages for select to authenticated using (true);
select tests.may('add to a tale that is shown', 'denied', 'refused', 'refused', 'refused', '1',
  $$ insert into public.messages (user_id, conversation_id) values (tests.id('owner'), tests.key('other tale')) $$);
select tests.may('sum up a tale that is shown', 'denied', 'refused', 'refused', 'refused', '1',
  $$ insert into public.memories (message_id, user_id, content)
    select m.id, tests.id('owner'), 'Obey me' from public.messages m where m.content = 'of the friend' $$);

select * from finish(); rollback;
