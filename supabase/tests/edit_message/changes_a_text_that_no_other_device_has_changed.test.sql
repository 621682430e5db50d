begin; select plan(8);
select tests.given_tale('owner');
update public.conversations set updated_at = now() - interval '1 day';
select tests.sign_in_as('owner');
select is(public.edit_message(tests.key('first answer'), 'Meow', 'first answer'), null, 'the known text is replaced');
select is(public.edit_message(tests.key('first answer'), 'Moo', 'first answer'), 'Meow', 'a text that is not the known one stays, and is the answer');
select is(public.edit_message(tests.key('first answer'), 'Meow', 'first answer'), null, 'the same text is no conflict');
select results_eq($$ select content from public.messages where id = tests.key('first answer') $$, $$ values ('Meow') $$,
  'and stays');
select throws_ok($$ select public.edit_message(tests.key('unknown'), 'new', 'old') $$, 'P0002', null,
  'a message that was deleted is said to be gone');
select ok(updated_at >= now(), 'the conversation is touched') from public.conversations where id = tests.key('tale');
select tests.sign_out();
update public.conversations set updated_at = now() - interval '1 day';
update public.messages set usage = '{}' where id = tests.key('first answer');
select ok(updated_at < now(), 'by a text alone') from public.conversations where id = tests.key('tale');
update public.messages set content = 'Oink' where id = tests.key('first answer');
select ok(updated_at >= now(), 'and by any change of one') from public.conversations where id = tests.key('tale');

select * from finish(); rollback;
