begin; select plan(9);
select tests.given_tale('owner');
create function pg_temp.add(variadic names text[]) returns text language sql as $$
  select format('insert into public.messages (id, user_id, conversation_id, parent_id) values %s',
    string_agg(format('(tests.key(%L), tests.id(''owner''), tests.key(''tale''), tests.key(%L))',
      split_part(name, '<', 1), split_part(name, '<', 2)), ', ' order by index))
  from unnest(names) with ordinality as n (name, index)
$$;
-- Foreign keys alone are checked once all rows of a statement are there.
select tests.violates(pg_temp.add(variadic names), violated, description) from (values
  ('{head<tail,tail<head}'::text[],   'messages_come_after_their_parent', 'two messages are not each other''s parent'),
  ('{a<c,b<a,c<b}',                   'messages_come_after_their_parent', 'nor are three'),
  ('{self<self}',                     'messages_come_after_their_parent', 'nor is one its own'),
  ('{child<parent,parent<first answer}', 'messages_come_after_their_parent', 'a statement names the parent before the child'),
  ('{parent<first answer,child<parent}', null,                            'and can then add both')
) as m (names, violated, description);
select is((select parent_id from public.messages where id = tests.key('child')), tests.key('parent'), 'as it says');
select tests.sign_in_as('owner');
select throws_ok(format('update public.messages set parent_id = %L where id = %L', tests.key('child'), tests.key('parent')),
  '42501', null, 'a client changes no parent');
select tests.violates(pg_temp.add('head<tail', 'tail<head'), 'messages_come_after_their_parent', 'nor makes a ring');
select tests.sign_out();
select is(count(*), 8::bigint, 'nothing else was added') from public.messages;

select * from finish(); rollback;
