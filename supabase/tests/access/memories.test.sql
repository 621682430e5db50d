begin; select plan(65);
select tests.given_personas();
select tests.given_memory('first answer', 'They met.');

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action                    anonymous  stranger   owner      sharee     service_role
  ('read',                     'denied',  '0',       '1',       '0',       '1', 'select * from public.memories'),
  ('write',                    'denied',  'refused', '1',       'refused', '1',
    $$ insert into public.memories (message_id, user_id, content)
      values (tests.key('other answer'), tests.id('owner'), 'new') returning * $$),
  ('write to another''s',      'denied',  'refused', 'refused', 'refused', '1',
    $$ insert into public.memories (message_id, user_id, content)
      values (tests.key('other answer'), tests.id('friend'), 'new') $$),
  ('write to no message',      'denied',  'refused', 'refused', 'refused', '23503',
    $$ insert into public.memories (message_id, user_id, content)
      values (tests.key('no message'), tests.id('owner'), 'new') $$),
  ('write a second one',       'denied',  'refused', '23505',   'refused', '23505',
    $$ insert into public.memories (message_id, user_id, content)
      values (tests.key('first answer'), tests.id('owner'), 'new') $$),
  ('write nothing',            'denied',  'refused', '23514',   'refused', '23514',
    $$ insert into public.memories (message_id, user_id, content)
      values (tests.key('other answer'), tests.id('owner'), E' \n') $$),
  ('mend',                     'denied',  '0',       '1',       '0',       '1',
    $$ update public.memories set content = 'new' $$),
  ('mend to nothing',          'denied',  '0',       '23514',   '0',       '23514',
    $$ update public.memories set content = '' $$),
  ('move',                     'denied',  'denied',  'denied',  'denied',  '1',
    $$ update public.memories set message_id = tests.key('other answer') $$),
  ('give away',                'denied',  'denied',  'denied',  'denied',  '1',
    $$ update public.memories set user_id = tests.id('friend') $$),
  ('change the time',          'denied',  'denied',  'denied',  'denied',  '1',
    'update public.memories set updated_at = now()'),
  ('set the time',             'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into public.memories (message_id, user_id, content, created_at)
      values (tests.key('other answer'), tests.id('owner'), 'new', now()) $$),
  ('delete',                   'denied',  '0',       '1',       '0',       '1', 'delete from public.memories')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
